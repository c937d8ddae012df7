import {Ajv2020} from 'ajv/dist/2020.js';

// What HTTP itself adds: no route says these.
const transportHeaders = new Set([
	...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'vary'],
]);
const schemaPath = '#/components/schemas/';

/** Whether a path is one of a template: `/v1/jobs/{id}`. */
function isOf(template, path) {
	const wanted = template.split('/');
	const given = path.split('/');
	return (
		wanted.length === given.length &&
		wanted.every((each, i) => (each.startsWith('{') ? given[i] !== '' : each === given[i]))
	);
}

/** An OpenAPI document, and what is wrong with exchanges, or with itself. */
export class ApiDocument {
	#document;
	#ajv = new Ajv2020({allErrors: true, strict: true, allowUnionTypes: true});
	#validators = new Map();

	constructor(document) {
		this.#document = document;
		for (const keyword of ['x-open', 'example']) this.#ajv.addKeyword(keyword);
		this.#ajv.addSchema({$id: 'api', $defs: this.#embedded(document.components.schemas)});
	}

	/** Errors: an Error for a schema that says something which no reader would understand. */
	compile() {
		for (const {schema} of this.#schemas()) this.#validator(schema);
	}

	/** `GET /v1/jobs/{id}` for each operation. */
	routes() {
		return Object.entries(this.#document.paths).flatMap(([path, item]) =>
			Object.keys(item)
				.filter((key) => key !== 'parameters')
				.map((method) => `${method.toUpperCase()} ${path}`),
		);
	}

	/** The route of an exchange; undefined where the document has none. HEAD is GET without a body. */
	routeOf({method, path}) {
		const wanted = method === 'HEAD' ? 'GET' : method;
		const literalFirst = (a, b) => a.split('{').length - b.split('{').length;
		const template = Object.keys(this.#document.paths)
			.filter((each) => isOf(each, path) && this.#document.paths[each][wanted.toLowerCase()])
			.sort(literalFirst)[0];
		return template && `${wanted} ${template}`;
	}

	/** Routes that no exchange called. */
	neverCalled(exchanges) {
		const called = new Set(exchanges.map((each) => this.routeOf(each)));
		return this.routes().filter((route) => !called.has(route));
	}

	/** Everything in an exchange that the document does not say, as sentences. */
	complaints(exchange) {
		const route = this.routeOf(exchange);
		const name = `${exchange.method} ${exchange.path} → ${exchange.status}`;
		if (!route) return [`${name}: the document has no such route`];
		const [method, path] = route.split(' ');
		const operation = this.#document.paths[path][method.toLowerCase()];
		const declared = operation.responses[exchange.status];
		if (!declared) return [`${name}: ${route} has no such status`];
		const answer = this.#resolved(declared);
		return [
			...this.#headerComplaints(answer, exchange),
			...this.#bodyComplaints(answer, exchange),
			...this.#requestComplaints(operation, exchange),
		].map((complaint) => `${name}: ${complaint}`);
	}

	/** Places of schemas that allow anything without saying why: `x-open: 'the reason'`. */
	looseSchemas() {
		return [...this.#schemas()].flatMap(({schema, place}) => [...loosePlaces(schema, place)]);
	}

	#headerComplaints(answer, {headers}) {
		const complaints = [];
		const known = new Set(transportHeaders);
		for (const [name, reference] of Object.entries(answer.headers ?? {})) {
			const header = this.#resolved(reference);
			const value = headers[name.toLowerCase()];
			known.add(name.toLowerCase());
			if (value === undefined && header.required) complaints.push(`the header ${name} is missing`);
			if (value === undefined) continue;
			const wrong = this.#wrong(header.schema, value);
			if (wrong) complaints.push(`the header ${name}: ${value}: ${wrong}`);
		}
		for (const name of Object.keys(headers)) {
			if (!known.has(name)) complaints.push(`the header ${name} is not in the document`);
		}
		return complaints;
	}

	#bodyComplaints(answer, {method, status, headers, body}) {
		if (method === 'HEAD') return [];
		const type = headers['content-type']?.split(';')[0];
		const content = answer.content?.[type];
		if (!answer.content && body === '') return [];
		if (!content) return [`a body of type ${type} is not in the document`];
		const complaints = [];
		const wrong = this.#wrong(content.schema, body);
		if (wrong) complaints.push(`the body: ${wrong}`);
		if (type === 'application/problem+json') {
			const types = answer['x-problems']?.map((each) => `urn:earshot:problem:${each}`) ?? [];
			if (!types.includes(body.type)) complaints.push(`the problem ${body.type} is not in the document`);
			if (body.status !== status) complaints.push(`the problem says status ${body.status}`);
		}
		return complaints;
	}

	// What was accepted must have been allowed.
	#requestComplaints(operation, {status, asked}) {
		if (status >= 300 || asked === undefined) return [];
		const schema = operation.requestBody?.content['application/json']?.schema;
		if (!schema) return ['a body was taken that is not in the document'];
		const wrong = this.#wrong(schema, asked);
		return wrong ? [`a request was accepted that is not allowed: ${wrong}`] : [];
	}

	#resolved(value) {
		if (!value.$ref) return value;
		const [, , kind, name] = value.$ref.split('/');
		const found = this.#document.components[kind]?.[name];
		if (!found) throw new Error(`the document has no ${value.$ref}`);
		return found;
	}

	#wrong(schema, value) {
		const validate = this.#validator(schema);
		return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, {dataVar: ''});
	}

	#validator(schema) {
		const key = JSON.stringify(schema);
		if (!this.#validators.has(key)) {
			this.#validators.set(key, this.#ajv.compile(this.#embedded(schema)));
		}
		return this.#validators.get(key);
	}

	// References as Ajv follows them: into the one schema that holds all named ones.
	#embedded(schema) {
		return JSON.parse(JSON.stringify(schema).replaceAll(`"${schemaPath}`, '"api#/$defs/'));
	}

	/** Every schema that stands anywhere in the document, with its place. */
	*#schemas() {
		const {paths, components} = this.#document;
		for (const [name, schema] of Object.entries(components.schemas)) {
			yield {schema, place: `${schemaPath}${name}`};
		}
		const {schemas: _, ...others} = components;
		yield* schemasWithin(paths, '#/paths');
		yield* schemasWithin(others, '#/components');
	}
}

/** The values of all members called `schema`. */
function* schemasWithin(value, place) {
	if (typeof value !== 'object' || value === null) return;
	for (const [name, member] of Object.entries(value)) {
		const here = `${place}/${name}`;
		if (name === 'schema') yield {schema: member, place: here};
		else yield* schemasWithin(member, here);
	}
}

const constraining = ['$ref', 'type', 'const', 'enum', 'oneOf', 'anyOf', 'allOf'];

/** Where a schema, or one within it, lets everything pass. */
function* loosePlaces(schema, place) {
	if (typeof schema !== 'object' || schema === null) {
		yield `${place}: ${JSON.stringify(schema)} allows anything`;
		return;
	}
	if ('x-open' in schema) {
		if (typeof schema['x-open'] !== 'string' || schema['x-open'].length < 10) {
			yield `${place}: x-open gives no reason`;
		}
		return;
	}
	if (!constraining.some((keyword) => keyword in schema)) yield `${place}: it allows anything`;
	const types = [schema.type ?? []].flat();
	if (types.includes('array') && !('items' in schema)) yield `${place}: its items may be anything`;
	if (types.includes('object') || 'properties' in schema) {
		const {additionalProperties} = schema;
		if (additionalProperties === undefined) yield `${place}: it may have any other members`;
		else if (additionalProperties !== false) {
			yield* loosePlaces(additionalProperties, `${place}/additionalProperties`);
		}
	}
	if ('items' in schema) yield* loosePlaces(schema.items, `${place}/items`);
	for (const [name, member] of Object.entries(schema.properties ?? {})) {
		yield* loosePlaces(member, `${place}/${name}`);
	}
	for (const keyword of ['oneOf', 'anyOf', 'allOf']) {
		for (const [i, member] of (schema[keyword] ?? []).entries()) {
			yield* loosePlaces(member, `${place}/${keyword}/${i}`);
		}
	}
}
