import {inWords, nameOf, resolve, routesOf, tokenRule} from './document';
import type {Answer, Content, Document, Header, Parameter, Route, Schema} from './document';

interface Context {
	document: Document;
}

/** Prose in which `…` is code and an empty line begins a paragraph. */
function Prose({text}: {text: string | undefined}) {
	if (!text) return null;
	return (
		<>
			{text.split(/\n\s*\n/).map((paragraph) => (
				<p>
					{paragraph
						.split(/(`[^`]+`|\*[^*]+\*)/)
						.map((part) =>
							part.startsWith('`') ? (
								<code>{part.slice(1, -1)}</code>
							) : part.length > 2 && part.startsWith('*') ? (
								<em>{part.slice(1, -1)}</em>
							) : (
								part
							),
						)}
				</p>
			))}
		</>
	);
}

/** The fields of an object, and below each what it holds. */
function Fields({document, schema}: Context & {schema: Schema}) {
	const all = Object.entries(schema.properties ?? {});
	if (all.length === 0) return null;
	return (
		<dl class="fields">
			{all.map(([name, field]) => (
				<>
					<dt>
						<code>{name}</code>
						{schema.required?.includes(name) ? null : <small> optional</small>}
					</dt>
					<dd>
						<span class="type">{inWords(field)}</span> <Prose text={field.description} />
						<Inner document={document} schema={field} />
					</dd>
				</>
			))}
		</dl>
	);
}

/** Objects within a schema, wherever they stand; named ones are explained once, below. */
function Inner({document, schema}: Context & {schema: Schema}) {
	if (schema.$ref) return null;
	if (schema.properties) return <Fields document={document} schema={schema} />;
	if (schema.items) return <Inner document={document} schema={schema.items} />;
	return null;
}

/** The names of the schemas that one is made of: links to where they are explained. */
function schemaNames(schema: Schema): string[] {
	if (schema.$ref) return [nameOf(schema.$ref)];
	return [...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])].flatMap(schemaNames);
}

function Body({document, content}: Context & {content: Content}) {
	return (
		<>
			{Object.entries(content).map(([type, {schema}]) => (
				<div class="body">
					<small>{type}</small>{' '}
					{schemaNames(schema).length === 0 ? <span class="type">{inWords(schema)}</span> : null}
					{schemaNames(schema).map((name) => (
						<a href={`#schema-${name}`}>{name} </a>
					))}
					<Inner document={document} schema={schema} />
				</div>
			))}
		</>
	);
}

function Parameters({document, parameters}: Context & {parameters: Parameter[]}) {
	if (parameters.length === 0) return null;
	return (
		<>
			<h4>Parameters</h4>
			<dl class="fields">
				{parameters.map((each) => {
					const parameter = resolve(document, each);
					return (
						<>
							<dt>
								<code>{parameter.name}</code> <small>{parameter.in}</small>
								{parameter.required ? null : <small> optional</small>}
							</dt>
							<dd>
								<span class="type">{inWords(parameter.schema ?? {})}</span>{' '}
								<Prose text={parameter.description} />
							</dd>
						</>
					);
				})}
			</dl>
		</>
	);
}

function Headers({document, headers}: Context & {headers: Record<string, Header>}) {
	return (
		<p class="headers">
			{Object.keys(headers).map((name) => {
				const header = resolve(document, headers[name] as Header);
				const about = [inWords(header.schema ?? {}), header.description].filter(Boolean).join('; ');
				return (
					<>
						<code title={about}>{name}</code>
						{header.required ? ' ' : '? '}
					</>
				);
			})}
		</p>
	);
}

function Answers({document, answers}: Context & {answers: Record<string, Answer>}) {
	return (
		<>
			<h4>Answers</h4>
			{Object.entries(answers).map(([status, each]) => {
				const answer = resolve(document, each);
				return (
					<details class={status < '400' ? 'answer good' : 'answer bad'} open={status < '300'}>
						<summary>
							<strong>{status}</strong> {answer['x-problems']?.join(', ')}
						</summary>
						<Prose text={answer.description} />
						{answer.headers ? <Headers document={document} headers={answer.headers} /> : null}
						{answer.content ? <Body document={document} content={answer.content} /> : null}
					</details>
				);
			})}
		</>
	);
}

function RouteSection({document, route}: Context & {route: Route}) {
	const {method, path, operation, parameters} = route;
	return (
		<article id={operation.operationId} data-testid="route" data-route={`${method} ${path}`}>
			<h3>
				<span class={`method ${method.toLowerCase()}`}>{method}</span> <code>{path}</code>
				<small> {tokenRule(document, operation)}</small>
			</h3>
			<p class="summary">{operation.summary}</p>
			<Prose text={operation.description} />
			<Parameters document={document} parameters={parameters} />
			{operation.requestBody ? (
				<>
					<h4>Body</h4>
					<Body document={document} content={operation.requestBody.content} />
				</>
			) : null}
			<Answers document={document} answers={operation.responses} />
		</article>
	);
}

function Schemas({document}: Context) {
	return (
		<section>
			<h2>Schemas</h2>
			{Object.entries(document.components['schemas'] ?? {}).map(([name, value]) => {
				const schema = value as Schema;
				return (
					<article id={`schema-${name}`}>
						<h3>{name}</h3>
						<Prose text={schema.description} />
						{schema.properties ? null : <span class="type">{inWords(schema)}</span>}
						<Fields document={document} schema={schema} />
					</article>
				);
			})}
		</section>
	);
}

/** The whole document: a list of routes to jump to, and a section for each. */
export function Docs({document}: Context) {
	const parts = document.tags
		.map((tag) => ({...tag, routes: routesOf(document, tag.name)}))
		.filter(({routes}) => routes.length > 0);
	return (
		<>
			<nav aria-label="Routes">
				{parts.map(({name, routes}) => (
					<>
						<h2>{name}</h2>
						<ul>
							{routes.map(({method, path, operation}) => (
								<li>
									<a href={`#${operation.operationId}`}>
										<span class={`method ${method.toLowerCase()}`}>{method}</span> {path}
									</a>
								</li>
							))}
						</ul>
					</>
				))}
			</nav>
			<main>
				<h1>{document.info.title}</h1>
				<p class="summary">{document.info.summary}</p>
				<Prose text={document.info.description} />
				<p>
					<a href="/openapi.json">openapi.json</a> · <a href="/">the page</a>
				</p>
				{parts.map(({name, description, routes}) => (
					<section>
						<h2>{name}</h2>
						<Prose text={description} />
						{routes.map((route) => (
							<RouteSection document={document} route={route} />
						))}
					</section>
				))}
				<Schemas document={document} />
			</main>
		</>
	);
}
