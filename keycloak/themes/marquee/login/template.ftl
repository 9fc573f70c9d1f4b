<#-- The frame around every page of Keycloak. What it must keep for them: the nested sections, message.summary,
     loginRestartFlowUrl, the languages, and the two scripts that notice a sign-in in another tab. -->
<#macro registrationLayout bodyClass="" displayInfo=false displayMessage=true displayRequiredFields=false>
<#local heading><#nested "header"></#local>
<!doctype html>
<html lang="${lang}"<#if realm.internationalizationEnabled && locale.rtl> dir="rtl"</#if>>
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>${heading?markup_string?replace("<[^>]+>", "", "r")?trim?no_esc} · Marquee</title>
  <link rel="icon" href="data:,">
  <#list properties.styles?split(" ") as style>
  <link rel="stylesheet" href="${url.resourcesPath}/${style}">
  </#list>
  <script type="importmap">{"imports": {"rfc4648": "${url.resourcesCommonPath}/vendor/rfc4648/rfc4648.js"}}</script>
  <#if scripts??>
  <#list scripts as script>
  <script src="${script}"></script>
  </#list>
  </#if>
  <script type="module" src="${url.resourcesPath}/js/passwordVisibility.js"></script>
  <script type="module">
    <#outputformat "JavaScript">
    import { startSessionPolling<#if authenticationSession??>, checkAuthSession</#if> } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    startSessionPolling(${url.ssoLoginInOtherTabsUrl?c});
    <#if authenticationSession??>checkAuthSession(${authenticationSession.authSessionIdHash?c});</#if>
    </#outputformat>
  </script>
</head>
<body data-page-id="login-${pageId}">
  <header class="masthead">
    <#if (client.baseUrl)?has_content>
    <a class="wordmark" href="${client.baseUrl}" aria-label="${msg("toProgramme")}"><b aria-hidden="true">Marqu<i>e</i>e</b></a>
    <#else>
    <span class="wordmark" role="img" aria-label="Marquee"><b aria-hidden="true">Marqu<i>e</i>e</b></span>
    </#if>
  </header>
  <main>
    <h1 id="kc-page-title">${heading}</h1>
    <#if displayMessage && message?has_content && (message.type != "warning" || !isAppInitiatedAction??)>
    <p class="alert is-${message.type}" role="alert">${message.summary}</p>
    </#if>
    <#if auth?has_content && auth.showUsername() && !auth.showResetCredentials()>
    <div class="whoever">
      <#nested "show-username">
      <p>${msg("signedInAs")} <strong id="kc-attempted-username">${auth.attemptedUsername}</strong></p>
      <p><a id="reset-login" href="${url.loginRestartFlowUrl}">${msg("restartLoginTooltip")}</a></p>
    </div>
    </#if>
    <#if displayRequiredFields>
    <p class="hint"><span class="required-mark">*</span> ${msg("requiredFields")}</p>
    </#if>
    <#nested "form">
    <#if auth?has_content && auth.showTryAnotherWayLink()>
    <form id="kc-select-try-another-way-form" action="${url.loginAction}" method="post">
      <button id="try-another-way" class="button is-second is-wide" name="tryAnotherWay" value="on">${msg("doTryAnotherWay")}</button>
    </form>
    </#if>
    <#nested "socialProviders">
    <#if displayInfo>
    <div id="kc-info" class="other"><#nested "info"></div>
    </#if>
  </main>
  <#if realm.internationalizationEnabled && locale.supported?size gt 1>
  <footer>
    <nav aria-label="${msg("languages")}">
      <#list locale.supported?sort_by("label") as l>
      <a href="${l.url}" lang="${l.languageTag}"<#if l.languageTag == locale.currentLanguageTag> aria-current="true"</#if>>${l.label}</a>
      </#list>
    </nav>
  </footer>
  </#if>
</body>
</html>
</#macro>
