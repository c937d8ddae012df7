import {defineConfig} from 'vitest/config';

import {openApi} from './openapi-plugin.ts';

// The server's content security policy allows scripts and styles from files only: nothing may be
// inlined, neither a polyfill nor an asset.
export default defineConfig({
	plugins: [openApi()],
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: {polyfill: false},
		chunkSizeWarningLimit: 400, // MQTT.js is 342 KB, loaded after the first paint.
		rolldownOptions: {input: ['index.html', 'docs/index.html']},
	},
	server: {
		proxy: {'/v1': 'http://127.0.0.1:8080'},
	},
	test: {
		include: ['tests/**/*.test.{ts,tsx}'],
	},
});
