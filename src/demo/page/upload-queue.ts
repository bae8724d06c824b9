/** Something that takes one of the places. */
export interface Task {
  /** Called when a place is free. */
  go(): void;
}

/** Lets a few tasks run at once, and the others wait in line. */
export class UploadQueue {
  private readonly waiting = new Set<Task>();
  private readonly running = new Set<Task>();

  constructor(private readonly places: number) {}

  /** Takes a place at once, or as soon as there is one. */
  enter(task: Task): void {
    this.waiting.add(task);
    this.fill();
  }

  /** Gives the place back, or leaves the line. */
  leave(task: Task): void {
    this.waiting.delete(task);
    this.running.delete(task);
    this.fill();
  }

  private fill(): void {
    for (const task of this.waiting) {
      if (this.running.size >= this.places) return;
      this.waiting.delete(task);
      this.running.add(task);
      task.go();
    }
  }
}
