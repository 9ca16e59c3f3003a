import { Recent } from './recent.ts'

/** The newest members of a set that never grows beyond `most`. */
export class RecentSet {
  private readonly members: Recent<string, true>

  constructor(most: number) {
    this.members = new Recent(most)
  }

  has(member: string): boolean {
    return this.members.get(member) !== undefined
  }

  add(member: string): void {
    this.members.set(member, true)
  }

  values(): ReadonlySet<string> {
    return new Set([...this.members].map(([member]) => member))
  }

  delete(member: string): void {
    this.members.delete(member)
  }
}
