import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

import type {Plugin} from 'vite';
import {parse} from 'yaml';

const source = join(dirname(fileURLToPath(import.meta.url)), '../docs/openapi.yaml');

/** The document as it is served: anchors put in place, and what they were collected under left out. */
export function openApiJson(): string {
	const {'x-parts': _parts, ...document} = parse(readFileSync(source, 'utf8'), {
		merge: true,
		maxAliasCount: -1,
	}) as Record<string, unknown>;
	return `${JSON.stringify(document)}\n`;
}

/** Makes docs/openapi.yaml into /openapi.json. */
export function openApi(): Plugin {
	return {
		name: 'openapi',
		generateBundle() {
			this.emitFile({type: 'asset', fileName: 'openapi.json', source: openApiJson()});
		},
		configureServer(server) {
			server.middlewares.use('/openapi.json', (_request, response) => {
				response.setHeader('content-type', 'application/json');
				response.end(openApiJson());
			});
		},
	};
}
