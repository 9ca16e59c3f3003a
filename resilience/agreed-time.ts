// What time it is, when a clock may be wrong. Three say so: the machine's clock, what was agreed before plus what has passed
// since, and the clock of the ledger's server. The one in the middle is believed, so that none of them alone can expire
// orders, end sessions or open a sale. Pure: moments are handed in.
//
// All are kept as offsets: epoch ms minus a count of ms that nobody sets (`performance.now()`). A machine that slept has not
// counted meanwhile; its clock and the ledger's agree then, and are believed.

export class AgreedTime {
  private agreed: number | null = null
  private ledgers: number | null = null

  /** The ledger's clock showed `at` (epoch ms) at some moment between two of our count. */
  heard(at: number, asked: number, answered: number): void {
    this.ledgers = at - (asked + answered) / 2
  }

  /** `machine`: what its clock shows, epoch ms; `count`: at the same moment. Returns whole epoch ms. */
  now(machine: number, count: number): number {
    const offset = machine - count
    // Two cannot outvote each other: until the ledger was heard the machine is believed.
    this.agreed =
      this.ledgers === null || this.agreed === null ? offset : middle(offset, this.agreed, this.ledgers)
    return Math.round(count + this.agreed)
  }
}

const middle = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
