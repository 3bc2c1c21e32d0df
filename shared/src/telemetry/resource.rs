//! Who sends the spans: the service, its version and, on ECS, the task it runs in.
//!
//! The ECS detector asks an endpoint with a timeout of a second for each request, and only where ECS has announced that endpoint;
//! elsewhere start-up waits for nothing.

use opentelemetry::KeyValue;
use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;

use crate::config::Environment;

/// The description of this process that goes with every span.
pub(super) fn detect(environment: &Environment, service_name: &str, service_version: &str) -> Resource {
    let mut resource = Resource::builder();
    if environment.get("ECS_CONTAINER_METADATA_URI_V4").is_some() {
        resource = resource.with_detector(Box::new(EcsResourceDetector));
    }
    resource
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.version", service_version.to_owned()))
        .build()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    const ANNOUNCED: &str = "ECS_CONTAINER_METADATA_URI_V4";
    const TASK: &str = r#"{"Cluster":"mysfits","TaskARN":"arn:aws:ecs:eu-west-1:123456789012:task/mysfits/1dc5",
        "Family":"like","Revision":"3","LaunchType":"FARGATE","AvailabilityZone":"eu-west-1a"}"#;
    const CONTAINER: &str = r#"{"DockerId":"cd18","Name":"like-service","Image":"like:1","LogDriver":"awslogs",
        "LogOptions":{"awslogs-group":"/mysfits/like","awslogs-region":"eu-west-1"},
        "ContainerARN":"arn:aws:ecs:eu-west-1:123456789012:container/mysfits/1dc5/05"}"#;

    /// ECS's metadata endpoint.
    fn serve_metadata() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v4/1dc5", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let request = lines.next().unwrap_or_default();
                lines.find(String::is_empty);
                let body = if request.contains("/task ") { TASK } else { CONTAINER };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        url
    }

    #[test]
    fn off_aws_there_is_the_service_and_nothing_of_the_cloud() {
        let resource = detect(&Environment::default(), "monolith", "1.2.3");
        let get = |key: &'static str| resource.get(&key.into()).map(|value| value.to_string());
        assert_eq!(get("service.name").as_deref(), Some("monolith"));
        assert_eq!(get("service.version").as_deref(), Some("1.2.3"));
        assert_eq!(get("cloud.provider"), None);
    }

    /// The detector reads the process environment, which tests share; so this one runs again in a process of its own.
    #[test]
    fn on_fargate_the_resource_names_task_and_log_group() {
        let environment = Environment::from_process();
        if environment.get(ANNOUNCED).is_none() {
            let run = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "telemetry::resource::tests::on_fargate_the_resource_names_task_and_log_group"])
                .env(ANNOUNCED, serve_metadata())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        let resource = detect(&environment, "like service", "1.2.3");
        let get = |key: &'static str| resource.get(&key.into()).map(|value| value.to_string()).unwrap_or_default();
        assert_eq!(get("service.name"), "like service");
        assert_eq!(get("cloud.platform"), "aws_ecs");
        assert_eq!(get("aws.ecs.launchtype"), "fargate");
        assert_eq!(get("aws.ecs.cluster.arn"), "arn:aws:ecs:eu-west-1:123456789012:cluster/mysfits");
        assert!(get("aws.log.group.arns").contains("log-group:/mysfits/like"));
    }
}
