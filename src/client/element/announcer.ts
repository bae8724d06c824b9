/** Milliseconds that what belongs together has to come in. */
const GATHER = 700;

interface Topic<Subject> {
  readonly all: Subject[];
  sentence(all: readonly Subject[]): string;
}

/**
 * Tells a screen reader what matters, once. What happens to many files at a time is one sentence,
 * and nothing is said of what goes on as it should.
 */
export class Announcer {
  private readonly waiting = new Map<string, Topic<unknown>>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param region an element with the role `status` */
  constructor(private readonly region: HTMLElement) {}

  /**
   * @param topic what can be told in one sentence
   * @param subject one more of it
   * @param sentence makes the sentence for all of the topic
   */
  tell<Subject>(
    topic: string,
    subject: Subject,
    sentence: (all: readonly Subject[]) => string,
  ): void {
    const { all = [] } = (this.waiting.get(topic) ?? {}) as Partial<Topic<Subject>>;
    all.push(subject);
    const told: Topic<Subject> = { all, sentence };
    this.waiting.set(topic, told);
    this.timer ??= setTimeout(() => this.speak(), GATHER);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.clear();
  }

  private speak(): void {
    this.timer = undefined;
    const sentences = [...this.waiting.values()].map((topic) => topic.sentence(topic.all));
    this.waiting.clear();
    // A paragraph of its own each time: the same words twice are said twice.
    const said = document.createElement('p');
    said.textContent = sentences.join('. ').replaceAll(/([.!?])\. /g, '$1 ');
    this.region.replaceChildren(said);
  }
}
