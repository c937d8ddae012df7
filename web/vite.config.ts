import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

import {openApi} from './openapi-plugin.ts';

// The SDK as it is beside this folder, from its sources: there is nothing to be built before.
const sdk = (file: string) => fileURLToPath(new URL(`../client-sdk/js/src/${file}`, import.meta.url));

// The server's content security policy allows scripts and styles from files only: nothing may be
// inlined, neither a polyfill nor an asset.
export default defineConfig({
	plugins: [openApi()],
	resolve: {
		alias: {
			'@earshot/client/geo': sdk('geo/index.ts'),
			'@earshot/client': sdk('index.ts'),
		},
		dedupe: ['mqtt'], // The one of this folder, whether or not the SDK's own is installed.
	},
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: {polyfill: false},
		chunkSizeWarningLimit: 400, // MQTT.js is 342 KB, loaded after the first paint.
		rolldownOptions: {input: ['index.html', 'docs/index.html']},
	},
	server: {
		fs: {allow: ['.', '../client-sdk/js/src']},
		proxy: {'/v1': 'http://127.0.0.1:8080'},
	},
	test: {
		include: ['tests/**/*.test.{ts,tsx}'],
	},
});
