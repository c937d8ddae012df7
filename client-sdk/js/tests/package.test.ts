import {gzipSync} from 'node:zlib';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {expect, it} from 'vitest';

const src = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

async function gzipped(file: string): Promise<{bytes: number; names: readonly string[]}> {
	const {outputFiles, metafile} = await build({
		entryPoints: [src(file)],
		bundle: true,
		minify: true,
		format: 'esm',
		target: 'es2022',
		external: ['mqtt'],
		metafile: true,
		write: false,
	});
	return {bytes: gzipSync(outputFiles[0]!.contents).length, names: Object.keys(metafile.inputs)};
}

it('everything but MQTT.js is at most 12 KB gzipped', async () => {
	const {bytes} = await gzipped('index.ts');
	console.log(`index: ${bytes} bytes`);
	expect(bytes).toBeLessThanOrEqual(12 * 1024);
});

it('the geometry and the state machine of feeds need nothing else', async () => {
	for (const entry of ['geo/index.ts', 'feed/index.ts']) {
		const {bytes, names} = await gzipped(entry);
		console.log(`${entry}: ${bytes} bytes`);
		expect(names.filter((name) => /http|line\/|mqtt|ports/.test(name))).toEqual([]);
	}
});
