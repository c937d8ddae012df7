import type {ComponentChildren} from 'preact';

/** Drawn here, so that nothing is fetched for them. All are decoration beside a text. */
function Icon({children}: {children: ComponentChildren}) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			{children}
		</svg>
	);
}

export function Logo() {
	return (
		<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
			<circle cx="16" cy="16" r="3.4" class="logo-dot" />
			<path d="M10.6 21.4a7.6 7.6 0 0 1 0-10.8M21.4 10.6a7.6 7.6 0 0 1 0 10.8" />
			<path d="M6.1 25.9a14 14 0 0 1 0-19.8M25.9 6.1a14 14 0 0 1 0 19.8" class="logo-far" />
		</svg>
	);
}

export function StarIcon() {
	return (
		<Icon>
			<path d="m12 3.6 2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.8-5.2 2.8 1-5.8-4.2-4.1 5.8-.8z" />
		</Icon>
	);
}

export function PinIcon() {
	return (
		<Icon>
			<path d="M12 21s6.8-6.2 6.8-11.2a6.8 6.8 0 1 0-13.6 0C5.2 14.8 12 21 12 21z" />
			<circle cx="12" cy="9.8" r="2.4" />
		</Icon>
	);
}

export function TargetIcon() {
	return (
		<Icon>
			<circle cx="12" cy="12" r="6.4" />
			<circle cx="12" cy="12" r="1.6" />
			<path d="M12 2.8v2.8M12 18.4v2.8M2.8 12h2.8M18.4 12h2.8" />
		</Icon>
	);
}

/** Rings around a listener: the picture of a quiet neighbourhood. */
export function Rings() {
	return (
		<svg class="rings" viewBox="0 0 160 160" aria-hidden="true" focusable="false">
			<circle cx="80" cy="80" r="74" />
			<circle cx="80" cy="80" r="52" />
			<circle cx="80" cy="80" r="30" />
			<circle cx="80" cy="80" r="8" class="rings-dot" />
			<circle cx="80" cy="80" r="30" class="rings-wave" />
		</svg>
	);
}
