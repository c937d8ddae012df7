import {gzipSync} from 'node:zlib';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {expect, it} from 'vitest';

const src = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

async function gzipped(entry: string): Promise<{bytes: number; names: readonly string[]}> {
	const {outputFiles, metafile} = await build({
		stdin: {contents: `export ${entry}`, resolveDir: src('')},
		bundle: true,
		splitting: true,
		outdir: 'out',
		minify: true,
		format: 'esm',
		target: 'es2022',
		external: ['mqtt'],
		metafile: true,
		write: false,
	});
	const names = Object.keys(metafile.inputs);
	// What MQTT.js comes with is loaded with it.
	const code = outputFiles.filter(({path}) => !path.includes('mqtt-transport'));
	return {bytes: code.reduce((sum, {contents}) => sum + gzipSync(contents).length, 0), names};
}

it('whoever imports Earshot pays at most 12 KB gzipped, until MQTT.js is needed', async () => {
	const {bytes} = await gzipped("{Earshot} from './index.ts'");
	console.log(`Earshot: ${bytes} bytes`);
	expect(bytes).toBeLessThanOrEqual(12 * 1024);
});

it('the geometry and the state machine of feeds need nothing else', async () => {
	for (const entry of ['geo/index.ts', 'feed/index.ts']) {
		const {bytes, names} = await gzipped(`* from './${entry}'`);
		console.log(`${entry}: ${bytes} bytes`);
		expect(names.filter((name) => /http|line\/|mqtt|ports/.test(name))).toEqual([]);
	}
});
