// For tests: stops somebody at a certain point, until it is told to go on.

/** Holds what passes until it is opened. */
export class Gate {
  open: () => void = () => {}
  private arrived: () => void = () => {}
  readonly reached = new Promise<void>(resolve => {
    this.arrived = resolve
  })
  private readonly opened = new Promise<void>(resolve => {
    this.open = resolve
  })

  async pass<T>(then: () => Promise<T>): Promise<T> {
    this.arrived()
    await this.opened
    return then()
  }
}
