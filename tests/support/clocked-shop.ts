// For tests: a second process of a shop whose clock can be stepped.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { People } from './people.ts'
import type { RunningShop, ShopPlace } from './shop.ts'

const PRELOAD = path.join(import.meta.dirname, 'stepped-clock.ts')
/** What it said was on its way for a while, ms. */
const ABOUT_MS = 60_000

export class ClockedShop {
  readonly people: People
  private readonly shop: RunningShop
  private readonly file: string

  private constructor(place: ShopPlace, shop: RunningShop, file: string) {
    this.shop = shop
    this.people = People.of(place, shop)
    this.file = file
  }

  /** Beside the one that runs there. */
  static async start(place: ShopPlace): Promise<ClockedShop> {
    const file = path.join(place.folder, 'clock')
    const shop = await place.start({ NODE_OPTIONS: `--import=${PRELOAD}`, SHIFT_FILE: file })
    return new ClockedShop(place, shop, file)
  }

  get log(): readonly string[] {
    return this.shop.log
  }

  /** From now on its clock is ahead by so many ms. Resolves when it is. */
  async step(ahead: number): Promise<void> {
    writeFileSync(this.file, `${ahead}`)
    process.kill(this.shop.pid, 'SIGUSR2')
    const said = (): string => /its clock shows (.*)/.exec(this.shop.log.at(-1) ?? '')?.[1] ?? ''
    await expect.poll(() => Math.abs(Date.parse(said()) - Date.now() - ahead)).toBeLessThan(ABOUT_MS)
  }

  stop(): Promise<number | null> {
    return this.shop.stop()
  }
}
