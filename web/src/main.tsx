import {Earshot, guestToken, type Store} from '@earshot/client';
import {render} from 'preact';

import {App} from './app';
import {Page} from './page';
import './style.css';

const root = document.getElementById('app');
if (root) {
	const url = location.origin;
	const store = storeOfTab();
	const earshot = new Earshot({url, token: guestToken(url, store), ...(store && {store})});
	const page = new Page(earshot, store);
	render(<App page={page} />, root);
	page.start();
}

/** Session storage, where the browser allows it: each tab is a person of its own. */
function storeOfTab(): Store | undefined {
	try {
		return sessionStorage;
	} catch {
		return undefined;
	}
}
