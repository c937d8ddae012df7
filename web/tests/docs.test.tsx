// @vitest-environment happy-dom
import {render} from 'preact';
import {act} from 'preact/test-utils';
import {afterEach, describe, expect, it} from 'vitest';

import {openApiJson} from '../openapi-plugin';
import {Docs} from '../src/docs/docs';
import {inWords, resolve, type Document} from '../src/docs/document';

const openApi = JSON.parse(openApiJson()) as Document;
const root = document.createElement('div');
document.body.append(root);
afterEach(() => render(null, root));

describe('the document', () => {
	it('is OpenAPI 3.1 without the parts it was put together from', () => {
		expect(openApi).toMatchObject({openapi: '3.1.0', info: {title: 'Earshot'}});
		expect(openApi).not.toHaveProperty('x-parts');
		expect(openApiJson()).not.toContain('<<');
	});

	it('refers only to what it holds', () => {
		for (const [, ref] of openApiJson().matchAll(/"\$ref":"([^"]+)"/g)) {
			expect(resolve(openApi, {$ref: ref as string})).toBeTruthy();
		}
	});
});

describe('the page', () => {
	it('shows every route once, and every schema', () => {
		act(() => render(<Docs document={openApi} />, root));
		const shown = [...root.querySelectorAll<HTMLElement>('[data-testid=route]')];
		const routes = Object.entries(openApi.paths).flatMap(([path, item]) =>
			Object.keys(item)
				.filter((name) => name !== 'parameters')
				.map((method) => `${method.toUpperCase()} ${path}`),
		);
		expect(shown.map((each) => each.dataset['route']).sort()).toEqual(routes.sort());
		for (const name of Object.keys(openApi.components['schemas'] ?? {})) {
			expect(root.querySelector(`#schema-${name}`)).not.toBeNull();
		}
	});

	it('leads nowhere that does not exist', () => {
		act(() => render(<Docs document={openApi} />, root));
		for (const link of root.querySelectorAll('a[href^="#"]')) {
			expect(root.querySelector(link.getAttribute('href') as string)).not.toBeNull();
		}
	});

	it('says what a token is good for, and what a field may hold', () => {
		act(() => render(<Docs document={openApi} />, root));
		expect(root.querySelector('#becomeGuest h3')?.textContent).toContain('token optional');
		expect(root.querySelector('#getLiveness h3')?.textContent).toContain('no token');
		expect(root.querySelector('#askQuestion h3')?.textContent).toMatch(/ token$/);
		expect(inWords({type: 'integer', minimum: 1, maximum: 100, default: 50})).toBe(
			'integer, 1…100, default 50',
		);
		expect(inWords({type: 'array', items: {$ref: '#/components/schemas/Job'}})).toBe('array of Job');
	});
});
