export {cellOf, centreOf, boundsOf, isCell, neighbourOf, snap} from './cell.ts';
export {cover, type CoverLimits} from './cover.ts';
export {distance_m, earthRadius_m, minDistance_m} from './distance.ts';
export type {Box, Circle, Point} from './point.ts';
export {cellOfTopic, areaOfTopic, geoFilter, headFilter} from './topics.ts';
