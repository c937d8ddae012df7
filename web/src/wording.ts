/** How times and distances are told to people. */

const relative = new Intl.RelativeTimeFormat('en', {numeric: 'auto', style: 'short'});
const oneDecimal = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

export function ago(at_ms: number, now_ms: number): string {
	const seconds = Math.round((now_ms - at_ms) / 1_000);
	if (!Number.isFinite(seconds) || seconds < 45) return 'just now';
	const minutes = Math.max(1, Math.round(seconds / 60));
	if (minutes < 60) return relative.format(-minutes, 'minute');
	const hours = Math.round(minutes / 60);
	return hours < 24
		? relative.format(-hours, 'hour')
		: relative.format(-Math.round(hours / 24), 'day');
}

/** Never finer than the cells (about 150 m) that places are stored in. */
export function away(distance_m: number): string {
	if (distance_m < 200) return 'right here';
	if (distance_m < 950) return `${Math.round(distance_m / 100) * 100} m away`;
	const km = distance_m / 1_000;
	return `${km < 10 ? oneDecimal.format(km) : Math.round(km)} km away`;
}

export function kilometres(distance_m: number): string {
	return `${oneDecimal.format(distance_m / 1_000)} km`;
}
