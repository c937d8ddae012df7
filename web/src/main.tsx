import {render} from 'preact';

import {App} from './app';
import {Page} from './page';
import './style.css';

const root = document.getElementById('app');
if (root) {
	const page = new Page();
	render(<App page={page} />, root);
	page.start();
}
