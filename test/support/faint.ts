/** An expression for a browser: texts below the contrast of WCAG 2.2 AA (4.5), with what is behind them. */
export const FAINT = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const back = (one) => { for (let e = one; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const seen = [...document.querySelectorAll('body *:not(svg *)')].filter((one) => one.checkVisibility() && !one.disabled);
  return seen.filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '')).flatMap((one) => {
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(back(one))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    return contrast < 4.5 ? [one.tagName + ' ' + one.className + ' ' + one.textContent.slice(0, 30) + ' ' + contrast.toFixed(2)] : [];
  });
})()`;
