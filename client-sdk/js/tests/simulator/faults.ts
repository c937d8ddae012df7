/** How bad the world is at the moment. */
export interface Faults {
	loss: number; // Of events on their way to a client.
	headLoss: number;
	repeat: number;
	refusal: number; // Of filters in a SUBSCRIBE.
	headRefusal: number;
	lag_ms: number; // How late a message may be.
	apiFailure: number;
	apiLatencyMax_ms: number;
	staleSnapshot: number;
	isBrokerReachable: boolean;
	isApiReachable: boolean;
}

export function noFaults(): Faults {
	return {
		loss: 0,
		headLoss: 0,
		repeat: 0,
		refusal: 0,
		headRefusal: 0,
		lag_ms: 100,
		apiFailure: 0,
		apiLatencyMax_ms: 200,
		staleSnapshot: 0,
		isBrokerReachable: true,
		isApiReachable: true,
	};
}
