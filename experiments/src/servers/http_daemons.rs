//! nginx and Apache httpd, as Debian has them: one worker of nginx, one process of Apache's event MPM with
//! 512 threads, since each client that has sent a part of its request occupies one. Each redirects `/move`
//! and serves the files that it is given.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;

use super::{Server, free_port};

/// Octets of the files that are served, which are called after that.
pub const FILES: [usize; 5] = [1024, 4 * 1024, 16 * 1024, 64 * 1024, 256 * 1024];

fn folder() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    // The workers are another user.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    fs::create_dir(folder.path().join("files"))?;
    for length in FILES {
        fs::write(
            folder.path().join("files").join(length.to_string()),
            vec![7; length],
        )?;
    }
    Ok(folder)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// nginx, which redirects to `location`.
///
/// # Errors
/// It is not installed.
pub fn nginx(location: &str) -> Result<Server> {
    let (folder, port) = (folder()?, free_port()?);
    let root = text(folder.path());
    let configuration = format!(
        "daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    sendfile on;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {root}/files;
        location = /move {{ return 302 {location}; }}
    }}
}}
"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration)?;
    let (file, log) = (text(&file), format!("{root}/error.log"));
    let command = ["nginx", "-p", &root, "-e", &log, "-c", &file];
    Server::theirs("nginx", port, folder, &command)
}

/// Apache httpd, which redirects to `location`.
///
/// # Errors
/// It is not installed.
pub fn apache(location: &str) -> Result<Server> {
    let (folder, port) = (folder()?, free_port()?);
    let root = text(folder.path());
    let modules = "/usr/lib/apache2/modules";
    let configuration = format!(
        "ServerRoot {root}
ServerName localhost
Listen 127.0.0.1:{port}
ListenBacklog 1024
PidFile {root}/apache.pid
ErrorLog {root}/error.log
DefaultRuntimeDir {root}
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
StartServers 1
ServerLimit 1
ThreadsPerChild 512
ThreadLimit 512
MaxRequestWorkers 512
DocumentRoot {root}/files
<Directory {root}/files>
Require all granted
</Directory>
RedirectMatch 302 ^/move$ {location}
"
    );
    let file = folder.path().join("apache.conf");
    fs::write(&file, configuration)?;
    let command = ["apache2", "-D", "FOREGROUND", "-f", &text(&file)];
    Server::theirs("Apache httpd", port, folder, &command)
}
