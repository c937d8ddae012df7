import {render} from 'preact';

import {Docs} from './docs';
import type {Document} from './document';
import './docs.css';

async function show(root: HTMLElement): Promise<void> {
	const answer = await fetch('/openapi.json');
	if (!answer.ok) throw new Error(`/openapi.json was answered ${answer.status}`);
	render(<Docs document={(await answer.json()) as Document} />, root);
	// The browser looked for the part named in the address before it was there.
	document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

const root = document.getElementById('docs');
if (root) {
	show(root).catch((error: unknown) => {
		render(<p role="alert">The document could not be shown: {String(error)}</p>, root);
	});
}
