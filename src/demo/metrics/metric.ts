export type Labels = Readonly<Record<string, string>>;

/** One line below a metric's head: `suffix` is added to its name. */
interface Sample {
  readonly suffix: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A family of Prometheus' text format 0.0.4: a value for each set of labels. */
abstract class Metric<V> {
  readonly #values = new Map<string, { readonly labels: Labels; value: V }>();

  constructor(
    readonly name: string,
    private readonly kind: 'counter' | 'gauge' | 'histogram',
    private readonly help: string,
  ) {}

  toString(): string {
    const head = [
      `# HELP ${this.name} ${this.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${this.name} ${this.kind}`,
    ];
    const samples = [...this.#values.values()].flatMap((of) => this.samples(of.labels, of.value));
    const lines = samples.map(
      ({ suffix, labels, value }) => `${this.name}${suffix}${inBraces(labels)} ${number(value)}`,
    );
    return `${[...head, ...lines].join('\n')}\n`;
  }

  protected abstract samples(labels: Labels, value: V): Sample[];

  protected update(labels: Labels, change: (value: V | undefined) => V): void {
    const key = inBraces(labels);
    const known = this.#values.get(key);
    this.#values.set(key, { labels, value: change(known?.value) });
  }
}

export class Counter extends Metric<number> {
  constructor(name: string, help: string) {
    super(name, 'counter', help);
  }

  add(labels: Labels, amount = 1): void {
    this.update(labels, (value = 0) => value + amount);
  }

  protected samples(labels: Labels, value: number): Sample[] {
    return [{ suffix: '', labels, value }];
  }
}

export class Gauge extends Metric<number> {
  constructor(name: string, help: string) {
    super(name, 'gauge', help);
  }

  set(labels: Labels, to: number): void {
    this.update(labels, () => to);
  }

  protected samples(labels: Labels, value: number): Sample[] {
    return [{ suffix: '', labels, value }];
  }
}

interface Distribution {
  /** How many were not above each of the buckets' bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export class Histogram extends Metric<Distribution> {
  constructor(
    name: string,
    help: string,
    /** Upper bounds, ascending, without the infinite one. */
    private readonly bounds: readonly number[],
  ) {
    super(name, 'histogram', help);
  }

  /** Shows it before there is anything to observe. */
  begin(labels: Labels): void {
    const nothing = { counts: this.bounds.map(() => 0), count: 0, sum: 0 };
    this.update(labels, (before) => before ?? nothing);
  }

  observe(labels: Labels, value: number): void {
    this.update(labels, (before) => ({
      counts: this.bounds.map((bound, at) => (before?.counts[at] ?? 0) + (value <= bound ? 1 : 0)),
      count: (before?.count ?? 0) + 1,
      sum: (before?.sum ?? 0) + value,
    }));
  }

  protected samples(labels: Labels, { counts, count, sum }: Distribution): Sample[] {
    const bucket = (le: number, value: number): Sample => ({
      suffix: '_bucket',
      labels: { ...labels, le: number(le) },
      value,
    });
    return [
      ...this.bounds.map((bound, at) => bucket(bound, counts[at] ?? 0)),
      bucket(Number.POSITIVE_INFINITY, count),
      { suffix: '_sum', labels, value: sum },
      { suffix: '_count', labels, value: count },
    ];
  }
}

function inBraces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
