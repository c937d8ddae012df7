import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';

const dependenciesOf = (folder: string): Record<string, string> =>
	JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), 'utf8')).dependencies;

it('MQTT.js is the version that the SDK is tested with', () => {
	const {mqtt} = dependenciesOf('..');
	expect(mqtt).toMatch(/^\d+\.\d+\.\d+$/);
	expect(mqtt).toBe(dependenciesOf('../../client-sdk/js')['mqtt']);
});
