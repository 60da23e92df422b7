"use strict";
/** How far the figures of a report can be trusted, in sentences. */
(() => {
  const { el } = eyes;

  const isAre = (n) => (n === 1 ? "is" : "are");

  /** What is to be said of the counts of a range; `word` is in the singular. Each is a sentence. */
  function sentences(summary, word) {
    const told = (n, rest) => (n ? `${eyes.count(n, word)} ${rest(n)}` : null);
    const share = summary.expected ? ` (${eyes.percent(summary.exported / summary.expected)})` : "";
    return [
      `${eyes.number(summary.exported)} of ${eyes.count(summary.expected, word)} that should be there ${isAre(summary.exported)} there${share}.`,
      told(
        summary.missing,
        (n) =>
          `${isAre(n)} missing for good: the service has no figures for ${n === 1 ? "it" : "them"}. Gaps are left as gaps, and never count as zero.`,
      ),
      told(
        summary.lacking,
        (n) =>
          `${isAre(n)} still to be had: the exporter could not get ${n === 1 ? "it" : "them"} yet, or has not asked.`,
      ),
      told(
        summary.provisional,
        (n) =>
          `${isAre(n)} provisional: asked for again, ${n === 1 ? "it" : "they"} may still change a little.`,
      ),
      told(
        summary.suspect,
        (n) =>
          `${n === 1 ? "has" : "have"} zeros that are unlike the camera. They are part of the figures; look at the camera before relying on them.`,
      ),
      told(summary.pending, (n) => `${isAre(n)} not over yet, and not counted.`),
    ].filter(Boolean);
  }

  const METHOD =
    "Counts are contacts: who stays over the turn of an hour may count twice. Times are means weighed by how many were interested.";

  /** The part of a report on trust. */
  eyes.reportTrust = (answer) => {
    const word = eyes.unitWord(answer.unit, answer.streams.length);
    return eyes.section(
      "How far it can be trusted",
      el(
        "ul",
        { class: "sentences" },
        sentences(answer.summary, word).map((one) => el("li", {}, one)),
        el("li", { class: "quiet" }, METHOD),
      ),
    );
  };
})();
