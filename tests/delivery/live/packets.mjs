// What a broker sends over a WebSocket, taken apart: frames (RFC 6455), and MQTT packets in them.

const binaryFrame = 0x82; // Whole in one frame.
const closeOpcode = 8;

/** Bytes that come in pieces of any size, and leave in whole pieces. */
class Pieces {
	#bytes = Buffer.alloc(0);

	add(bytes) {
		this.#bytes = Buffer.concat([this.#bytes, bytes]);
	}

	/** The first `length` bytes that `lengthOf` finds whole; undefined while they are not. */
	take(lengthOf) {
		const length = lengthOf(this.#bytes);
		if (length === undefined || length > this.#bytes.length) return undefined;
		const piece = this.#bytes.subarray(0, length);
		this.#bytes = this.#bytes.subarray(length);
		return piece;
	}
}

/** Of an unmasked frame; servers do not mask. Undefined while it cannot be told. */
function headerOf(bytes) {
	if (bytes.length < 2) return undefined;
	if ((bytes[0] & 0x70) !== 0 || bytes[1] & 0x80) throw new Error('a frame that no broker sends');
	const short = bytes[1];
	if (short < 126) return {header: 2, payload: short};
	const header = short === 126 ? 4 : 10;
	if (bytes.length < header) return undefined;
	const payload = short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
	return {header, payload};
}

function frameLength(bytes) {
	const found = headerOf(bytes);
	return found && found.header + found.payload;
}

function replyLength(bytes) {
	const end = bytes.indexOf('\r\n\r\n');
	return end < 0 ? undefined : end + 4;
}

function packetLength(bytes) {
	let length = 0;
	for (let at = 1; at < bytes.length && at <= 4; at++) {
		length += (bytes[at] & 0x7f) * 2 ** (7 * (at - 1));
		if (bytes[at] < 0x80) return at + 1 + length;
	}
	return undefined;
}

/** From the broker's bytes to `onPacket`, one MQTT packet at a time; the rest goes to `onOther`. */
export class Unpacker {
	#isOpen = false;
	#stream = new Pieces();
	#packets = new Pieces();

	constructor({onPacket, onOther}) {
		this.onPacket = onPacket;
		this.onOther = onOther;
	}

	add(bytes) {
		this.#stream.add(bytes);
		if (!this.#isOpen) {
			const reply = this.#stream.take(replyLength);
			if (!reply) return;
			this.#isOpen = true;
			this.onOther(reply);
		}
		for (let frame; (frame = this.#stream.take(frameLength)); ) this.#take(frame);
	}

	#take(frame) {
		if ((frame[0] & 0x0f) >= closeOpcode) return this.onOther(frame);
		this.#packets.add(frame.subarray(headerOf(frame).header));
		for (let packet; (packet = this.#packets.take(packetLength)); ) this.onPacket(packet);
	}
}

/** An MQTT packet as a frame of its own. */
export function framed(packet) {
	const {length} = packet;
	if (length < 126) return Buffer.concat([Buffer.from([binaryFrame, length]), packet]);
	const header = Buffer.alloc(length < 65_536 ? 4 : 10);
	header[0] = binaryFrame;
	header[1] = header.length === 4 ? 126 : 127;
	if (header.length === 4) header.writeUInt16BE(length, 2);
	else header.writeBigUInt64BE(BigInt(length), 2);
	return Buffer.concat([header, packet]);
}

/** The topic of a PUBLISH; undefined for any other packet. */
export function topicOf(packet) {
	if (packet[0] >> 4 !== 3) return undefined;
	let at = 1;
	while (packet[at] >= 0x80) at++;
	const length = packet.readUInt16BE(at + 1);
	return packet.toString('utf8', at + 3, at + 3 + length);
}
