/** `1..10000`, or `17`. @throws where it is neither. */
export function seedRange(text: string): { readonly from: number; readonly to: number } {
  const match = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(text)
  const from = Number(match?.[1])
  const to = match?.[2] === undefined ? from : Number(match[2])
  if (match === null || to < from) throw new Error(`--seeds ${text}: wanted like 1..10000, or one number`)
  return { from, to }
}
