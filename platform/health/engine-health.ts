// What this process knows of one engine: from every call it makes anyway, and from a probe where they say too little.

import { Detector, type Finding, type Sample, type SampleKind } from '../../resilience/detector.ts'

/** Pause between probes of an engine that is well, ms: nobody may call it for minutes, and only a probe sees that it was emptied. */
const IDLE_MS = 1_000
/** Pause while it is not, or while something looks odd, ms: three of them, and the detector has made up its mind. */
const ALERT_MS = 50

export interface EngineHealthOptions {
  readonly name: string
  /** Median answer from which on it is of no use, ms. */
  readonly slow: number
  /** Asks for something small that is written. Its own samples are noted by whoever makes the call; must end within a bound. */
  probe(): Promise<void>
  /** `performance.now()` where absent. */
  readonly now?: () => number
}

export type Note = (kind: SampleKind, ms: number) => void

export class EngineHealth {
  readonly name: string
  private readonly detector: Detector
  private readonly options: EngineHealthOptions
  private readonly now: () => number
  private readonly listeners: (() => void)[] = []
  private found: Finding = 'well'
  private odd = false
  private timer: NodeJS.Timeout | null = null
  private state: 'made' | 'started' | 'closed' = 'made'
  private probing = false

  constructor(options: EngineHealthOptions) {
    this.options = options
    this.name = options.name
    this.now = options.now ?? (() => performance.now())
    this.detector = new Detector({ slow: options.slow })
  }

  get finding(): Finding {
    return this.found
  }

  /** A call ended now, after `ms`. */
  readonly note: Note = (kind, ms) => {
    const at = this.now()
    this.detector.note({ kind, at, ms } satisfies Sample)
    // Of an engine that is well an answer changes nothing.
    if (kind !== 'ok' || this.found !== 'well') this.look(at)
    if (kind === 'empty') {
      // Whoever stands on it has heard, and makes what it needs there right again.
      this.detector.filled()
      this.look(at)
    }
    if (kind === 'ok' || kind === 'wrote') this.odd = false
    else if (kind !== 'busy' && !this.odd) {
      this.odd = true
      this.plan(0)
    }
  }

  /** Our own loop, pool or queue held up everything for the `ms` until now. */
  busy(ms: number): void {
    this.detector.note({ kind: 'busy', at: this.now(), ms })
  }

  /** Our own loop came round so late, ms; told all the time. */
  late(ms: number): void {
    this.detector.late(ms)
  }

  /** Called when the finding changes. */
  onChange(changed: () => void): void {
    this.listeners.push(changed)
  }

  start(): void {
    this.state = 'started'
    this.plan(0)
  }

  close(): void {
    this.state = 'closed'
    if (this.timer !== null) clearTimeout(this.timer)
  }

  private look(at: number): void {
    const finding = this.detector.finding(at)
    if (finding === this.found) return
    this.found = finding
    for (const changed of this.listeners) changed()
  }

  private plan(pause: number): void {
    if (this.state !== 'started' || this.probing) return
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.probe(), pause)
    this.timer.unref()
  }

  private async probe(): Promise<void> {
    this.look(this.now())
    this.probing = true
    // What it came to is noted by the call itself.
    await this.options.probe().catch(() => undefined)
    this.probing = false
    this.plan(this.odd || this.found !== 'well' ? ALERT_MS : IDLE_MS)
  }
}
