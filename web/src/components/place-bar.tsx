import type {Circle, Point} from '@earshot/client';
import {useSignal, type ReadonlySignal} from '@preact/signals';

import {coarse, nameOfPlace, parseLatLon, radiusChoices_m} from '../place';
import {kilometres} from '../wording';
import {PinIcon, TargetIcon} from './icons';

interface PlaceBarProps {
	area: ReadonlySignal<Circle>;
	onMove: (area: Circle) => void;
}

/** Where the page listens, how far, and the ways to change both. */
export function PlaceBar({area, onMove}: PlaceBarProps) {
	const isOpen = useSignal(false);
	const {radius_m} = area.value;
	const choices = [...new Set([...radiusChoices_m, radius_m])].sort((a, b) => a - b);
	return (
		<section class="panel place" aria-label="Place">
			<div class="place-row">
				<PinIcon />
				<p class="place-name" data-testid="place">
					{nameOfPlace(area.value)}
				</p>
				<select
					class="radius"
					data-testid="radius"
					aria-label="Radius"
					value={String(radius_m)}
					onChange={(event) => onMove({...area.value, radius_m: Number(event.currentTarget.value)})}
				>
					{choices.map((choice_m) => (
						<option key={choice_m} value={String(choice_m)}>
							{kilometres(choice_m)}
						</option>
					))}
				</select>
				<button
					type="button"
					class="button button-quiet"
					aria-expanded={isOpen.value}
					aria-controls="place-form"
					onClick={() => (isOpen.value = !isOpen.value)}
				>
					{isOpen.value ? 'Close' : 'Change'}
				</button>
			</div>
			<div id="place-form" hidden={!isOpen.value}>
				{isOpen.value && (
					<PlaceForm
						onPlace={(place) => {
							isOpen.value = false;
							onMove({...area.value, ...place});
						}}
					/>
				)}
			</div>
		</section>
	);
}

function PlaceForm({onPlace}: {onPlace: (place: Point) => void}) {
	const text = useSignal('');
	const trouble = useSignal('');
	const isLocating = useSignal(false);

	function go(event: Event): void {
		event.preventDefault();
		const place = parseLatLon(text.value);
		if (place) onPlace(place);
		else trouble.value = 'Write latitude and longitude in degrees, like 52.52, 13.405';
	}

	async function locate(): Promise<void> {
		isLocating.value = true;
		trouble.value = '';
		try {
			onPlace(coarse(await currentPosition()));
		} catch (error) {
			trouble.value = error instanceof Error ? error.message : String(error);
		} finally {
			isLocating.value = false;
		}
	}

	return (
		<form class="place-form" onSubmit={go} noValidate>
			<button
				type="button"
				class="button"
				disabled={isLocating.value}
				onClick={() => void locate()}
			>
				<TargetIcon /> {isLocating.value ? 'Looking…' : 'Use my location'}
			</button>
			<p class="hint">Only your rough position, to about 100 m, is used.</p>
			<label class="field">
				<span>Latitude, longitude</span>
				<span class="field-row">
					<input
						type="text"
						name="place"
						data-testid="place-text"
						autocomplete="off"
						placeholder="52.52, 13.405"
						value={text.value}
						aria-describedby="place-trouble"
						aria-invalid={trouble.value !== ''}
						onInput={(event) => (text.value = event.currentTarget.value)}
					/>
					<button type="submit" class="button">
						Go
					</button>
				</span>
			</label>
			<p id="place-trouble" class="trouble" role="alert">
				{trouble.value}
			</p>
		</form>
	);
}

/** Errors: an Error whose message is for the person. */
function currentPosition(): Promise<Point> {
	return new Promise((resolve, reject) => {
		if (!isSecureContext || !('geolocation' in navigator)) {
			reject(new Error('This browser keeps your position to itself. Type the place instead.'));
			return;
		}
		navigator.geolocation.getCurrentPosition(
			({coords}) => resolve({lat: coords.latitude, lon: coords.longitude}),
			({code}) =>
				reject(
					new Error(
						code === 1 // PERMISSION_DENIED
							? 'You did not allow it, and that is fine. Type the place instead.'
							: 'Your position could not be found. Type the place instead.',
					),
				),
			{timeout: 10_000, maximumAge: 60_000},
		);
	});
}
