import { describe, expect, it } from 'vitest';
import { Counter, Gauge, Histogram } from '../../src/demo/metrics/metric.js';
import { parsePrometheusText } from '../support/prometheus-text.js';

describe('A metric', () => {
  it('is written with its head, also before it has a value', () => {
    expect(String(new Counter('a_total', 'All.'))).toBe(
      '# HELP a_total All.\n# TYPE a_total counter\n',
    );
  });

  it('escapes help and labels, and is read back as it was', () => {
    const label = 'a\\n "b"\nc,d}=';
    const gauge = new Gauge('depth', 'C:\\new\nline');
    gauge.set({ path: label, other: '' }, -1.5);
    const text = String(gauge);
    expect(text).toBe(
      '# HELP depth C:\\\\new\\nline\n# TYPE depth gauge\n' +
        'depth{path="a\\\\n \\"b\\"\\nc,d}=",other=""} -1.5\n',
    );
    expect(parsePrometheusText(text).get('depth')?.samples).toEqual([
      { name: 'depth', labels: { path: label, other: '' }, value: -1.5 },
    ]);
  });

  it('of a histogram counts each value in all buckets that it fits', () => {
    const histogram = new Histogram('wait_seconds', 'Waits.', [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe({ type: 'a' }, value);
    expect(String(histogram).split('\n').slice(2)).toEqual([
      'wait_seconds_bucket{type="a",le="0.1"} 2',
      'wait_seconds_bucket{type="a",le="1"} 3',
      'wait_seconds_bucket{type="a",le="+Inf"} 4',
      'wait_seconds_sum{type="a"} 3.65',
      'wait_seconds_count{type="a"} 4',
      '',
    ]);
  });
});

describe('The parser of the tests', () => {
  const head = '# HELP a A.\n# TYPE a gauge\n';
  const histogram = '# HELP h H.\n# TYPE h histogram\n';

  it.each([
    ['no end of the last line', '# HELP a A.\n# TYPE a gauge\na 1'],
    ['an empty line', `${head}\na 1\n`],
    ['a sample without a type', 'a 1\n'],
    ['a type without help', '# TYPE a gauge\na 1\n'],
    ['a family in two places', `${head}a 1\n# HELP b B.\n# TYPE b gauge\nb 1\n${head}`],
    ['a sample of another family', `${head}b 1\n`],
    ['the same sample twice', `${head}a{x="1",y="2"} 1\na{y="2",x="1"} 1\n`],
    ['a line break in a label', `${head}a{x="1\n"} 1\n`],
    ['an unknown escape', `${head}a{x="\\t"} 1\n`],
    ['a bare quote', `${head}a{x="1"2"} 1\n`],
    ['no number', `${head}a one\n`],
    ['a negative counter', '# HELP a A.\n# TYPE a counter\na -1\n'],
    ['no infinite bucket', `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    ['another count', `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
    ['no sum', `${histogram}h_bucket{le="+Inf"} 1\nh_count 1\n`],
    [
      'buckets that descend',
      `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrometheusText(text)).toThrow();
  });
});
