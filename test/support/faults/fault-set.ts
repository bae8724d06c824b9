/** All that can go wrong with one kind of thing: what it is, and where there is such a fault. */
export interface FaultSet<F extends string = string> {
  readonly names: readonly F[];
  /** In the words of the table's legend. */
  readonly meaning: Readonly<Record<F, string>>;
  /** Whether there is such a fault at a point of this label. */
  applies(fault: F, label: string): boolean;
}
