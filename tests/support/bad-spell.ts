// Series that make an indicator bad for a while and well again, for whoever judges it: the operator, or a real Prometheus.

import type { Indicator } from '../../operator/monitoring/indicator.ts'
import type { Sample, Selector } from '../../operator/monitoring/samples.ts'

/** Of the whole, seconds: longer than any window and stay; then well for longer than any window and calm. */
export const BAD_S = 120
export const WELL_S = 180

export interface SpellSeries extends Pick<Sample, 'name' | 'labels'> {
  /** One a second; counters are what they have come to. */
  readonly values: readonly number[]
}

/** First bad for BAD_S seconds, then well. */
export function badSpell({ source, bad, alarm }: Indicator): SpellSeries[] {
  const { enter, leave } = alarm!
  const beyond = bad === 'high' ? enter * 1.5 + 0.01 : enter * 0.5
  const within = bad === 'high' ? leave * 0.5 : Math.min(1, leave * 1.1)
  const spell = (badly: number, well: number): number[] => [
    ...Array.from({ length: BAD_S }, () => badly),
    ...Array.from({ length: WELL_S }, () => well),
  ]
  if (source.kind === 'gauge') return [{ ...example(source.of), values: spell(beyond, within) }]
  if (source.kind === 'rate')
    return [{ ...example(source.of), values: summed(spell(enter * 2 + 1, leave / 2)) }]
  const share = spell(Math.min(1, beyond), bad === 'high' ? 0 : 1)
  const part = { ...example(source.part), values: summed(share.map(each => each * A_SECOND)) }
  const rest = share.map(each => (1 - each) * A_SECOND)
  // Where the parts are counted under the whole's own name, the rest is another series of it.
  return source.part.name === source.of.name
    ? [
        { ...part, labels: { ...example(source.of).labels, ...part.labels } },
        { ...example(source.of, 'another'), values: summed(rest) },
      ]
    : [part, { ...example(source.of), values: summed(share.map(() => A_SECOND)) }]
}

/** Of what a ratio is of, a second. */
const A_SECOND = 20

/** A series that the selector finds. */
function example({ name, labels = {} }: Selector, other = ''): Pick<Sample, 'name' | 'labels'> {
  const found = Object.entries(labels).map(([label, wanted]) => [
    label,
    typeof wanted === 'string' ? wanted : wanted.source.split('|')[0]!.replaceAll('.', '0'),
  ])
  return { name, labels: { ...Object.fromEntries(found), ...(other === '' ? {} : { which: other }) } }
}

function summed(steps: readonly number[]): number[] {
  let sum = 0
  return steps.map(step => {
    sum += step
    return sum
  })
}
