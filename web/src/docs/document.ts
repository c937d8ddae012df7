/** What this page reads of an OpenAPI 3.1 document; its own server made it. */
export interface Schema {
	$ref?: string;
	type?: string | string[];
	description?: string;
	const?: unknown;
	enum?: unknown[];
	pattern?: string;
	minimum?: number;
	maximum?: number;
	minLength?: number;
	maxLength?: number;
	minItems?: number;
	maxItems?: number;
	default?: unknown;
	oneOf?: Schema[];
	items?: Schema;
	required?: string[];
	properties?: Record<string, Schema>;
	additionalProperties?: boolean | Schema;
	'x-open'?: string;
}
export interface Reference {
	$ref?: string;
}
export interface Header extends Reference {
	description?: string;
	required?: boolean;
	schema?: Schema;
}
export interface Parameter extends Header {
	name: string;
	in: string;
}
export type Content = Record<string, {schema: Schema}>;
export interface Answer extends Reference {
	description?: string;
	headers?: Record<string, Header>;
	content?: Content;
	'x-problems'?: string[];
}
export interface Operation {
	tags: string[];
	operationId: string;
	summary: string;
	description?: string;
	security?: Array<Record<string, string[]>>;
	parameters?: Parameter[];
	requestBody?: {content: Content};
	responses: Record<string, Answer>;
}
export interface Route {
	method: string;
	path: string;
	operation: Operation;
	parameters: Parameter[];
}
export interface Document {
	info: {title: string; version: string; summary: string; description: string};
	security: Array<Record<string, string[]>>;
	tags: Array<{name: string; description: string}>;
	paths: Record<string, Record<string, unknown>>;
	components: Record<string, Record<string, unknown>>;
}

const methods = ['get', 'post', 'put', 'delete'];

/** `#/components/schemas/Job` → `Job`. */
export function nameOf(ref: string): string {
	return ref.slice(ref.lastIndexOf('/') + 1);
}

/** Follows a reference to one of the document's own components. */
export function resolve<T extends Reference>(document: Document, value: T): T {
	if (!value.$ref) return value;
	const [, , kind = '', name = ''] = value.$ref.split('/');
	const found = document.components[kind]?.[name];
	if (!found) throw new Error(`the document has no ${value.$ref}`);
	return found as T;
}

/** Every route whose first tag is `tag`, in the order of the document. */
export function routesOf(document: Document, tag: string): Route[] {
	return Object.entries(document.paths).flatMap(([path, item]) =>
		methods
			.filter((method) => (item[method] as Operation | undefined)?.tags[0] === tag)
			.map((method) => {
				const operation = item[method] as Operation;
				const shared = (item['parameters'] as Parameter[] | undefined) ?? [];
				const parameters = [...shared, ...(operation.parameters ?? [])];
				return {method: method.toUpperCase(), path, operation, parameters};
			}),
	);
}

/** Whether a token must be sent, may be sent, or is of no use. */
export function tokenRule(document: Document, operation: Operation): string {
	const security = operation.security ?? document.security;
	if (security.length === 0) return 'no token';
	return security.some((one) => Object.keys(one).length === 0) ? 'token optional' : 'token';
}

/** A schema in a few words: `integer, 1…100, default 50`. */
export function inWords(schema: Schema): string {
	const words: string[] = [];
	if (schema.$ref) words.push(nameOf(schema.$ref));
	if (schema.const !== undefined) words.push(JSON.stringify(schema.const));
	if (schema.enum) words.push(schema.enum.map((each) => JSON.stringify(each)).join(' | '));
	if (schema.oneOf) words.push(schema.oneOf.map(inWords).join(' or '));
	if (schema.items && !schema.items['x-open']) words.push(`array of ${inWords(schema.items)}`);
	else if (schema.type) words.push([schema.type].flat().join(' or '));
	const bounds = [
		[schema.minimum, schema.maximum, ''],
		[schema.minLength, schema.maxLength, ' long'],
		[schema.minItems, schema.maxItems, ' items'],
	] as const;
	for (const [from, to, unit] of bounds) {
		if (from !== undefined || to !== undefined) words.push(`${from ?? ''}…${to ?? ''}${unit}`);
	}
	if (schema.pattern) words.push(schema.pattern);
	if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
	if (schema['x-open']) words.push(schema['x-open']);
	return words.join(', ');
}
