import { test } from 'uvu';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('Adam');
followsPyTorch('AdamW');

test.run();
