export {FeedCore} from './feed-core.ts';
export * from './feed-types.ts';
export {parseEvent, parseHead, parsePosition, positionText} from './event.ts';
export type {EarshotEvent, Head, Position} from './event.ts';
