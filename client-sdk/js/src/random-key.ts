/** Ten random letters and digits. Unlike `crypto.randomUUID` it also works on pages without TLS. */
export function randomKey(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(10));
	return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('');
}
