//! Somebody in front of a browser, as far as the API sees him.

use crate::stage::PATIENCE;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use std::time::Duration;

/// A caller, signed in or not.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) base: String,
    http: Client,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: Value,
}

impl Answer {
    /// The value, of an answer that must have this status.
    pub(crate) fn expect(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{text}");
        self.json
    }

    /// The code, of an answer that must be a problem with this status.
    pub(crate) fn problem(self, status: u16) -> String {
        assert_eq!(self.media, "application/problem+json", "{self:?}");
        let json = self.expect(status);
        assert_eq!(json["status"], status, "{json}");
        for name in ["type", "title", "detail", "instance", "trace_id"] {
            assert!(json[name].as_str().is_some_and(|t| !t.is_empty()), "{json}");
        }
        json["code"].as_str().unwrap().to_owned()
    }
}

async fn read(response: Response) -> Answer {
    let headers = response.headers().clone();
    let media = headers
        .get("content-type")
        .map(|v| v.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap().to_vec();
    Answer {
        status,
        media: media.unwrap_or_default(),
        json: serde_json::from_slice(&bytes).unwrap_or_default(),
        headers,
        bytes,
    }
}

impl Person {
    /// Somebody who is not signed in.
    pub(crate) fn new(base: &str) -> Self {
        fairway::node::tls::install_provider();
        Self {
            base: base.to_owned(),
            http: Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    /// Waits until the pages are served.
    pub(crate) async fn arrive(base: &str) -> Self {
        let person = Self::new(base);
        let begin = fairway::environment::instant();
        while person
            .http
            .get(format!("{base}/version"))
            .send()
            .await
            .is_err()
        {
            assert!(begin.elapsed() < PATIENCE, "no pages at {base}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        person
    }

    /// Sends a request as it is.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.cookie.is_empty() {
            request = request.header("cookie", format!("fairway_session={}", self.cookie));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// Sends JSON with the CSRF token, and further headers.
    pub(crate) async fn say(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("x-fairway-csrf", self.csrf.as_str()),
        ];
        headers.extend_from_slice(more);
        self.send(method, path, &headers, Some(body.to_string().into_bytes()))
            .await
    }

    /// Signs in.
    pub(crate) async fn sign_in(base: &str, name: &str, password: &str) -> Self {
        let person = Self::arrive(base).await;
        let body = serde_json::json!({ "name": name, "password": password });
        let answer = person.say("POST", "/api/v1/login", &body, &[]).await;
        person.with(answer, 200)
    }

    /// The same person with the sign-in of an answer.
    pub(crate) fn with(&self, answer: Answer, status: u16) -> Self {
        let cookie = answer
            .headers
            .get("set-cookie")
            .map(|v| v.to_str().unwrap().to_owned());
        let csrf = answer.expect(status)["csrf"].as_str().unwrap().to_owned();
        let cookie = cookie.unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
        Self {
            cookie: value.to_owned(),
            csrf,
            ..self.clone()
        }
    }

    /// Opens the stream of events, behind an event if one is named.
    pub(crate) async fn events(&self, after: Option<&str>) -> Events {
        let mut request = self
            .http
            .get(format!("{}/api/v1/events", self.base))
            .timeout(Duration::from_mins(5))
            .header("cookie", format!("fairway_session={}", self.cookie));
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Events {
            response,
            text: String::new(),
        }
    }
}

/// A stream of events.
pub(crate) struct Events {
    response: Response,
    text: String,
}

impl Events {
    /// The next event that `wanted` takes: its number and data.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&str, &Value) -> bool) -> (String, Value) {
        let waiting = async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.text = rest;
                    let field = |name: &str| {
                        let found = event.lines().find_map(|l| l.strip_prefix(name));
                        found.unwrap_or_default().trim().to_owned()
                    };
                    let data = serde_json::from_str(&field("data:")).unwrap_or_default();
                    if wanted(&field("event:"), &data) {
                        return (field("id:"), data);
                    }
                }
                let chunk = self.response.chunk().await.unwrap().unwrap();
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }

    /// Waits until the server ends the stream.
    pub(crate) async fn over(mut self) {
        let ending = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        tokio::time::timeout(PATIENCE, ending).await.unwrap();
    }
}
