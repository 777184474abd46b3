import { test } from 'uvu';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('SGD');

test.run();
