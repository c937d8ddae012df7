import {defineConfig} from 'vitest/config';

export default defineConfig({
	test: {
		include: ['tests/**/*.test.ts'],
		// The simulator is one long computation without a pause.
		testTimeout: 120_000,
	},
});
