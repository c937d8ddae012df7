/** What becomes of one published packet when nothing is wrong. */
const fair = {isCut: false, isLost: false, stall_ms: 0, delay_ms: 0, repeat_ms: 0};

export const calm = {next: () => fair};

/** How bad it is, drawn once for each storm: of some networks only one thing can be said. */
function climateOf(random) {
	const sometimes = (most) => (random.chance(0.6) ? random.next() * most : 0);
	return {
		lost: sometimes(0.3),
		late: sometimes(0.5),
		repeated: sometimes(0.2),
		stalled: sometimes(0.02),
		cut: sometimes(0.006),
		late_ms: random.whole(20, 1_200), // Longer than the second that a client waits for a gap to close.
		stalled_ms: random.whole(50, 2_000),
	};
}

/** Seeded bad luck, until `calmDown()`. */
export class Storm {
	#isOver = false;

	constructor(random) {
		this.random = random;
		this.climate = climateOf(random);
	}

	/** The fate of the next packet. It draws as often for each, so that one fate moves no other. */
	next() {
		if (this.#isOver) return fair;
		const {random, climate} = this;
		const [isCut, isStalled, isLost, isLate, isRepeated] = ['cut', 'stalled', 'lost', 'late', 'repeated']
			.map((what) => random.chance(climate[what]));
		const span_ms = random.whole(1, climate.late_ms);
		return {
			isCut,
			isLost,
			stall_ms: isStalled ? random.whole(1, climate.stalled_ms) : 0,
			delay_ms: isLate ? span_ms : 0,
			repeat_ms: isRepeated ? random.whole(1, climate.late_ms) : 0,
		};
	}

	calmDown() {
		this.#isOver = true;
	}
}
