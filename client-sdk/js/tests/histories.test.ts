import {expect, it} from 'vitest';

import {FeedCore} from '../src/feed/index.ts';
import {histories, replay} from './replay.ts';

it('there are histories to replay', () => {
	expect(histories.length).toBeGreaterThan(10);
});

it.each(histories)('%s is replayed as it is written', (file) => replay(file, {FeedCore}));
