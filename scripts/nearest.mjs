// Finds what somebody meant who wrote a name wrong.

/**
 * @param {string} word what was written
 * @param {readonly string[]} names what there is
 * @returns {string | undefined} the name with the fewest changes from it; none when even that one has little in common
 */
export function nearest(word, names) {
  let best;
  // A third of the letters may be wrong, or one of a very short word.
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const changes = name.includes(word) ? 1 : distance(word, name);
    if (changes < fewest) [best, fewest] = [name, changes];
  }
  return best;
}

/** Letters to put in, take out or replace, row by row (Levenshtein). */
function distance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
