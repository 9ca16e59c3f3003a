// Where a shop process may die: every kind of statement that writes, by the module that owns its table, and the commits.
// A run of many seeds fails where one of these was never hit, or where a statement came that is not here.

export const crashPoints: readonly string[] = []
