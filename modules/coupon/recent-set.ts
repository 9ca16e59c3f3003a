/** The newest members of a set that never grows beyond `most`: two halves, of which the older one is dropped. */
export class RecentSet {
  private readonly half: number
  private young = new Set<string>()
  private old = new Set<string>()

  constructor(most: number) {
    this.half = Math.ceil(most / 2)
  }

  has(member: string): boolean {
    return this.young.has(member) || this.old.has(member)
  }

  add(member: string): void {
    if (this.young.size >= this.half) {
      this.old = this.young
      this.young = new Set()
    }
    this.young.add(member)
  }

  delete(member: string): void {
    this.young.delete(member)
    this.old.delete(member)
  }
}
