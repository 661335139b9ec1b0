import { trans, translateWith } from "@frontend/lib/translation";
import { listed, tokenCount } from "@frontend/lib/units";
import { stateWords, summary } from "@frontend/panel/words";
import { Gettext } from "@jupyterlab/translation";
import { afterEach, expect, test } from "vitest";
import { row } from "../../../frontend/test/panel/row";

const ENGLISH = trans;
const DOMAIN = "wasinn_nb";

afterEach(() => translateWith(ENGLISH));

function words(): string[] {
  const models = [row({ state: "loaded" }), row({})];
  return [
    tokenCount(1),
    tokenCount(2000),
    listed(["a", "b %1", "c"]),
    stateWords(row({ state: "loading" }), 0.4),
    stateWords(row({ state: "loaded" }), undefined),
    summary(models.slice(1)),
    summary(models),
  ];
}

test("what JupyterLab has no translation of is the English that widgets show", () => {
  const english = words();
  translateWith(new Gettext({ locale: "de", domain: DOMAIN }));
  expect(words()).toEqual(english);
  expect(english[1]).toBe("2,000 tokens");
});

test("the panel and the form speak the language of JupyterLab", () => {
  const german = new Gettext({ locale: "de", domain: DOMAIN });
  const catalogue = {
    "": { language: "de", domain: DOMAIN, pluralForms: "nplurals=2; plural=(n != 1);" },
    "%2 token": ["%2 Token", "%2 Tokens"],
    "end of a list\u0004%1 and %2": ["%1 und %2"],
    "loading %1": ["zu %1 geladen"],
    "state\u0004loaded": ["geladen"],
    "%1 model, %2 loaded": ["ein Modell, %2 davon geladen", "%1 Modelle, %2 davon geladen"],
  };
  german.loadJSON(catalogue, DOMAIN);
  translateWith(german);
  expect(words()).toEqual([
    "1 Token",
    "2,000 Tokens",
    "a, b %1 und c",
    "zu 40 % geladen",
    "geladen",
    "ein Modell, 0 davon geladen",
    "2 Modelle, 1 davon geladen",
  ]);
});
