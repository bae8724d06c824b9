interface Sample {
  /** Milliseconds. */
  readonly time: number;
  /** Bytes. */
  readonly sent: number;
}

/** The speed is the average of this many milliseconds: calm enough to read, quick enough to trust. */
const WINDOW = 5_000;

/** Before this many milliseconds have been seen, a speed would be a guess. */
const MINIMUM = 250;

/** Measures the speed of the last seconds. */
export class SpeedMeter {
  private samples: Sample[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Notes that `sent` bytes in all have been sent by now; fewer than before starts afresh. */
  record(sent: number): void {
    const time = this.now();
    const last = this.samples.at(-1);
    if (last && sent < last.sent) this.reset();
    this.samples.push({ time, sent });
    // The newest sample outside the window stays: it is where the window's first step began.
    const within = this.samples.findIndex((sample) => sample.time >= time - WINDOW);
    if (within > 1) this.samples.splice(0, within - 1);
  }

  /** Forgets what was measured: a pause is not slowness. */
  reset(): void {
    this.samples = [];
  }

  /** Bytes per second; 0 while unknown. */
  get bytesPerSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.time - first.time < MINIMUM) return 0;
    return ((last.sent - first.sent) * 1000) / (last.time - first.time);
  }
}
