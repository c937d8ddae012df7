import {chromium} from 'playwright-core';

import {until} from './until.mjs';

const executablePath = '/usr/bin/chromium';

/** A headless Chromium, which asks nobody for anything by itself. */
export function launchBrowser() {
	return chromium.launch({
		executablePath,
		args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
		// Signals are main.mjs's affair.
		handleSIGINT: false,
		handleSIGTERM: false,
		handleSIGHUP: false,
	});
}

/** One window of one person, with everything that happened in it. */
export class Window {
	requests = []; // URLs, of WebSockets too.
	complaints = []; // What the console, the content security policy or an exception said.
	loads = 0;

	/** `before`, if given, runs in the page with `argument` before anything else does. */
	static async open(browser, url, before, argument) {
		const window = await Window.blank(browser);
		if (before) await window.context.addInitScript(before, argument);
		await window.page.goto(url, {waitUntil: 'load', timeout: 30_000});
		return window;
	}

	/** A window without a page yet. */
	static async blank(browser) {
		const context = await browser.newContext();
		return new Window(context, await context.newPage());
	}

	constructor(context, page) {
		this.context = context;
		this.page = page;
		page.setDefaultTimeout(20_000);
		context.on('request', (request) => this.requests.push(request.url()));
		page.on('websocket', (socket) => this.requests.push(socket.url()));
		page.on('load', () => this.loads++);
		page.on('pageerror', (error) => this.complaints.push(`exception: ${error.message}`));
		page.on('console', (message) => {
			if (!['error', 'warning', 'assert'].includes(message.type())) return;
			this.complaints.push(`console: ${message.text()} (${message.location().url})`);
		});
	}

	/** Every state that the status pill has shown, oldest first. */
	async watchStates() {
		await this.page.evaluate(() => {
			const pill = document.querySelector('[data-testid=status]');
			globalThis.shownStates = [pill.dataset.state];
			new MutationObserver(() => globalThis.shownStates.push(pill.dataset.state)).observe(pill, {
				attributes: true,
				attributeFilter: ['data-state'],
			});
		});
	}

	shownStates() {
		return this.page.evaluate(() => globalThis.shownStates);
	}

	async isLive() {
		await this.page.waitForSelector('[data-testid=status][data-state=live]');
	}

	async ask(text) {
		await this.page.fill('[data-testid=ask-text]', text);
		await this.page.click('[data-testid=ask-submit]');
	}

	/** Waits until a question is shown, and returns its state: `pushed`, `listed`, `confirmed`… */
	async shows(text) {
		const card = this.page.locator('[data-testid=question]', {hasText: text});
		await until(`the page shows "${text}"`, async () => (await card.count()) > 0, 30);
		return card.first().getAttribute('data-state');
	}

	count(text) {
		return this.page.locator('[data-testid=question]', {hasText: text}).count();
	}
}
