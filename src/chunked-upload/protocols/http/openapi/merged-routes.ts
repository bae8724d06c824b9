import type {
  Content,
  DescribedRoutes,
  Parameter,
  Response,
  ResponseHeader,
  RouteDescription,
  RouteName,
} from './openapi.types.js';

type Responses = RouteDescription['responses'];
type Body = NonNullable<RouteDescription['requestBody']>;
type Headers = Readonly<Record<string, ResponseHeader>>;

/**
 * One description of the routes that protocols share. Of a route that several describe, a request may be
 * of any of them: what only one of them demands is not demanded any more, and where they say the same
 * thing differently, the words of the first stand.
 */
export function mergedRoutes(all: readonly DescribedRoutes[]): DescribedRoutes {
  const merged = new Map<RouteName, RouteDescription>();
  for (const routes of all) {
    for (const [key, route] of Object.entries(routes)) {
      const name = key as RouteName;
      const known = merged.get(name);
      merged.set(name, known ? mergedRoute(known, route) : route);
    }
  }
  return Object.fromEntries(merged);
}

function mergedRoute(one: RouteDescription, other: RouteDescription): RouteDescription {
  const requestBody = mergedBody(one.requestBody, other.requestBody);
  return {
    summary: one.summary,
    description: [one.description, other.description].filter((words) => words !== '').join(' '),
    parameters: mergedParameters(one.parameters, other.parameters),
    ...(requestBody ? { requestBody } : {}),
    responses: mergedResponses(one.responses, other.responses),
  };
}

function mergedParameters(
  ones: readonly Parameter[],
  others: readonly Parameter[],
): readonly Parameter[] {
  const sameIn = (list: readonly Parameter[], { in: where, name }: Parameter) =>
    list.find((each) => each.in === where && each.name === name);
  const shared = ones.map((one) => {
    const other = sameIn(others, one);
    const description = mergedLines(one.description, other?.description ?? '');
    return { ...one, description, required: one.required && (other?.required ?? false) };
  });
  const added = others.filter((other) => !sameIn(ones, other));
  return [...shared, ...added.map((other) => ({ ...other, required: false }))];
}

function mergedBody(one: Body | undefined, other: Body | undefined): Body | undefined {
  if (!one || !other) {
    const body = one ?? other;
    return body && { ...body, required: false };
  }
  const content = mergedContent(one.content, other.content);
  return { ...other, ...one, required: one.required && other.required, content };
}

export function mergedResponses(one: Responses, other: Responses): Responses {
  const merged: Record<number, Response> = { ...one };
  for (const [key, response] of Object.entries(other)) {
    const status = Number(key);
    const known = one[status];
    merged[status] = known ? mergedResponse(known, response) : response;
  }
  return merged;
}

function mergedResponse(one: Response, other: Response): Response {
  const headers = mergedHeaders(one.headers ?? {}, other.headers ?? {});
  const content = mergedContent(one.content ?? {}, other.content ?? {});
  return {
    description: mergedLines(one.description, other.description),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(Object.keys(content).length > 0 ? { content } : {}),
  };
}

function mergedHeaders(one: Headers, other: Headers): Headers {
  const all = Object.entries({ ...other, ...one });
  const headers = all.map(([name, header]) => {
    const isAlways = [one[name], other[name]].every((each) => each && each.required !== false);
    return [name, isAlways ? header : { ...header, required: false }] as const;
  });
  return Object.fromEntries(headers);
}

function mergedContent(one: Content, other: Content): Content {
  const merged = { ...other, ...one };
  for (const type of Object.keys(merged)) {
    const examples = { ...other[type]?.examples, ...one[type]?.examples };
    if (Object.keys(examples).length === 0) continue;
    merged[type] = { ...merged[type]!, examples };
  }
  return merged;
}

/** Sentences that are a list where there are several. */
function mergedLines(one: string, other: string): string {
  const lines = [one, other].flatMap((words) => words.split('\n'));
  const sentences = new Set(lines.map((line) => line.replace(/^- /, '')));
  sentences.delete('');
  return sentences.size > 1
    ? [...sentences].map((sentence) => `- ${sentence}`).join('\n')
    : [...sentences].join('');
}
