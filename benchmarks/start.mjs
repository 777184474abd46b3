// What the suite `start` times: what is published, not the sources.
import { conv2d, rand } from 'torsor';

conv2d(rand(1, 3, 32, 32), rand(16, 3, 3, 3));
