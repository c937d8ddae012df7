import {defineConfig} from 'vitest/config';

// The server's content security policy allows scripts and styles from files only: nothing may be
// inlined, neither a polyfill nor an asset.
export default defineConfig({
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: {polyfill: false},
		chunkSizeWarningLimit: 400, // MQTT.js is 342 KB, loaded after the first paint.
	},
	server: {
		proxy: {'/v1': 'http://127.0.0.1:8080'},
	},
	test: {
		include: ['tests/**/*.test.{ts,tsx}'],
	},
});
