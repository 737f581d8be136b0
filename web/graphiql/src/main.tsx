// GraphiQL for the service, with a strip to sign in and choose a language. Speaks to this host only.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import "graphiql/setup-workers/vite";
import { useEffect, useMemo, useState, type FormEvent } from "react";
import { createRoot } from "react-dom/client";
import firstQuery from "./first.graphql?raw";
import "./page.css";
import { fetcherFor, signIn, type Session } from "./session";
import { words, type Language } from "./words";

const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

function Page() {
  const [session, setSession] = useState(remembered);
  // A new fetcher asks for the schema again, so its descriptions follow the person and the language.
  const fetcher = useMemo(() => fetcherFor(session), [session]);
  useEffect(() => {
    document.documentElement.lang = session.language;
    sessionStorage.setItem("qiban:session", JSON.stringify(session));
  }, [session]);
  return <>
    <Strip session={session} onChange={setSession} />
    <GraphiQL fetcher={fetcher} plugins={plugins} defaultQuery={firstQuery} shouldPersistHeaders={false} />
  </>;
}

function Strip({ session, onChange }: { session: Session; onChange: (session: Session) => void }) {
  const { language } = session;
  const [problem, setProblem] = useState("");
  const say = (key: keyof typeof words) => words[key][language];

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { login, password } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setProblem("");
    await signIn(language, login, password).then(onChange, (error: Error) => setProblem(error.message || say("failed")));
  }

  return <header className="strip">
    <strong>企伴 Qiban</strong>
    {session.token ? <>
      {say("signedInAs")}{session.login}
      <button type="button" onClick={() => onChange({ language })}>{say("signOut")}</button>
    </> : <form method="post" onSubmit={submit}>
      <label>{say("login")} <input name="login" autoComplete="username" required /></label>
      <label>{say("password")} <input name="password" type="password" autoComplete="current-password" required /></label>
      <button>{say("signIn")}</button>
    </form>}
    <span role="alert">{problem}</span>
    <select aria-label={say("language")} value={language}
      onChange={(event) => onChange({ ...session, language: event.target.value as Language })}>
      <option value="zh">中文</option><option value="en">English</option>
    </select>
  </header>;
}

/** Kept for this tab only; closing it signs out. */
function remembered(): Session {
  const kept = sessionStorage.getItem("qiban:session");
  return kept ? JSON.parse(kept) : { language: navigator.language.startsWith("zh") ? "zh" : "en" };
}

createRoot(document.getElementById("root")!).render(<Page />);
