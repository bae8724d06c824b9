import { ENGLISH, type TextName, type Texts, type Values } from './texts.js';

/** Puts numbers, sizes and times into the words of one language. */
export class Wording {
  private readonly texts: Texts;
  private readonly plural: Intl.PluralRules;
  private readonly whole: Intl.NumberFormat;
  private readonly tenths: Intl.NumberFormat;
  private readonly part: Intl.NumberFormat;
  private readonly day: Intl.DateTimeFormat;

  /** @param language a BCP 47 tag; one that is none counts as the browser's own */
  constructor(own: Partial<Texts> = {}, language = '') {
    const locale = localeOf(language);
    this.texts = { ...ENGLISH, ...own };
    this.plural = new Intl.PluralRules(locale);
    this.whole = new Intl.NumberFormat(locale);
    this.tenths = new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.part = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
    this.day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  }

  /** The text of this name; its plural form is that of `count`. */
  say(name: TextName, values: Values = {}): string {
    const text = this.texts[name];
    const form = typeof text === 'string' ? text : (text[this.formOf(values)] ?? text.other);
    return form.replaceAll(/\{(\w+)\}/g, (whole, key: string) => {
      const value = values[key];
      if (value === undefined) return whole;
      return typeof value === 'number' ? this.whole.format(value) : value;
    });
  }

  number(value: number): string {
    return this.whole.format(value);
  }

  /** `12.3 MiB` */
  size(bytes: number): string {
    const { bytes: units } = this.texts;
    const power = bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10);
    const unit = Math.min(power, units.length - 1);
    const format = unit === 0 ? this.whole : this.tenths;
    return `${format.format(bytes / 1024 ** unit)} ${units[unit] ?? ''}`;
  }

  /** `2 h 5 min`, `3 min 20 s`, `4 s` */
  time(seconds: number): string {
    const whole = Math.max(0, Math.ceil(seconds));
    if (whole < 60) return this.say('seconds', { count: whole });
    const minutes = Math.floor(whole / 60);
    if (whole < 3600) return this.say('minutes', { minutes, seconds: whole % 60 });
    return this.say('hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  }

  /** A whole percentage that says 100 only at the end. */
  percent(part: number, whole: number): string {
    const share = whole === 0 ? 1 : Math.min(part / whole, 1);
    return this.part.format(Math.floor(share * 100) / 100);
  }

  /** @param time ISO 8601 */
  date(time: string): string {
    const parsed = Date.parse(time);
    return Number.isNaN(parsed) ? '' : this.day.format(parsed);
  }

  private formOf({ count }: Values): Intl.LDMLPluralRule {
    return this.plural.select(Number(count ?? 0));
  }
}

function localeOf(language: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(language)[0];
  } catch {
    return undefined;
  }
}
