// gmial.com -> gmail.com: only for hosts that are one slip away from a well-known one.
export function suggestion(address, hosts) {
  const at = address.lastIndexOf("@");
  if (at < 1) return "";
  const host = address.slice(at + 1).toLowerCase();
  if (!host.includes(".") || hosts.includes(host)) return "";
  const meant = hosts.find((known) => slips(host, known) === 1);
  return meant ? `${address.slice(0, at)}@${meant}` : "";
}

// Edits between two words, where two neighbours in the wrong order count as one; more than one counts as 2.
function slips(a, b) {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > 1) return 2;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const restA = a.slice(start);
  const restB = b.slice(start);
  const isOne = restA.slice(1) === restB.slice(1) // one letter wrong
    || restA.slice(1) === restB || restA === restB.slice(1) // one too many, one too few
    || (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2)); // swapped
  return isOne ? 1 : 2;
}
