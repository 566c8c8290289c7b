# The lessons in a container, in JupyterLab on port 8888, and what marks them:
#     docker build -t dqn . && docker run --rm -p 8888:8888 dqn
FROM python:3.13-slim
RUN useradd --create-home student
WORKDIR /home/student/dqn
COPY --chown=student . .
RUN pip install --no-cache-dir -c constraints.txt -e ".[lab]"
USER student
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--notebook-dir=notebooks"]
