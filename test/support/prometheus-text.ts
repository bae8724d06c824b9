export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const VALUE = /^(?:[+-]Inf|NaN|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/i;

/**
 * Reads Prometheus' text format 0.0.4 as its specification has it, and accepts nothing that a scrape
 * could take amiss: families stand together, have their HELP and TYPE first and once, no sample comes
 * twice, histograms add up.
 *
 * @throws Error that names the line
 */
export function parsePrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current: { readonly name: string; help: string; family: Family | null } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const refuse = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, helped, help] = HELP.exec(line) ?? [];
    const [, typed, type] = TYPE.exec(line) ?? [];
    if (helped !== undefined && help !== undefined) {
      if (families.has(helped)) refuse('A second HELP, or a family in two places');
      current = { name: helped, help, family: null };
    } else if (typed !== undefined && type !== undefined) {
      if (current?.name !== typed || current.family) return refuse('TYPE does not follow its HELP');
      current.family = { type, help: current.help, samples: [] };
      families.set(typed, current.family);
    } else {
      if (!current?.family) return refuse('A sample without TYPE, or an unknown line');
      const sample = sampleIn(line) ?? refuse('No sample');
      const suffixes = current.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      const { name } = current;
      if (!suffixes.some((suffix) => sample.name === name + suffix)) refuse('Of another family');
      const key = keyOf(sample);
      if (seen.has(key)) refuse('Twice');
      seen.add(key);
      if (current.family.type === 'counter' && !(sample.value >= 0)) refuse('No count');
      current.family.samples.push(sample);
    }
  }
  for (const [name, family] of families) {
    if (family.type === 'histogram') checkHistogram(name, family.samples);
  }
  return families;
}

function sampleIn(line: string): Sample | null {
  const [, name, inBraces = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined || !VALUE.test(value)) return null;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < inBraces.length; at = LABEL.lastIndex) {
    const [, label, text] = LABEL.exec(inBraces) ?? [];
    if (label === undefined || text === undefined || label in labels) return null;
    labels[label] = text.replace(/\\(.)/g, (_, next: string) => (next === 'n' ? '\n' : next));
  }
  return { name, labels, value: valueOf(value) };
}

function valueOf(text: string): number {
  return Number(text.replace(/inf$/i, 'Infinity'));
}

function keyOf({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${name} ${JSON.stringify(pairs)}`;
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = keyOf({ name, labels });
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, members] of series) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`);
    const [count, ...counts] = members.filter((sample) => sample.name === `${name}_count`);
    const sums = members.filter((sample) => sample.name === `${name}_sum`);
    if (!count || counts.length > 0 || sums.length !== 1) throw new Error(`Sum or count: ${key}`);
    let [bound, below] = [Number.NEGATIVE_INFINITY, 0];
    for (const { labels, value } of buckets) {
      const le = valueOf(labels['le'] ?? '');
      if (!(le > bound) || value < below) throw new Error(`Buckets do not ascend: ${key}`);
      [bound, below] = [le, value];
    }
    if (bound !== Number.POSITIVE_INFINITY || below !== count.value) {
      throw new Error(`The infinite bucket is not the count: ${key}`);
    }
  }
}
