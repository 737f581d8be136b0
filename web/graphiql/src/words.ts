// The strip's words in both languages; GraphiQL itself speaks English only.
export type Language = "zh" | "en";

export const words = {
  login: { zh: "账号", en: "Login" },
  password: { zh: "密码", en: "Password" },
  signIn: { zh: "登录", en: "Sign in" },
  signOut: { zh: "退出", en: "Sign out" },
  signedInAs: { zh: "已登录：", en: "Signed in: " },
  language: { zh: "语言", en: "Language" },
  failed: { zh: "登录失败，服务没有正常应答。", en: "Sign-in failed: the service gave no proper answer." },
};
